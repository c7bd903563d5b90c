/* Decoded planes as code differences on the luma grid: each code less its offset.

   Chroma is interpolated linearly between its samples, edges held, wherever they are sited; the
   same as upsample_chroma of vsr/device/yuv.py. Sources: H.273 clause 8.3 (codes), BT.601, 709 and
   2020 (siting of 4:2:0).

   Defined before: SOURCE_CODE (an unsigned type), LUMA_OFFSET, HAS_SOURCE_CHROMA; with chroma
   CHROMA_OFFSET, X_SHIFT and Y_SHIFT (log2 of the subsampling), X_PHASES and Y_PHASES (how far even
   and odd luma samples lie from the chroma sample of their index, in chroma samples). Strides are
   in codes. */

typedef struct {
    const SOURCE_CODE *luma, *cb, *cr;
    int luma_stride, chroma_stride;
    int width, height; /* of luma */
} Planes;

typedef struct {
    float luma, cb, cr;
} Sample;

/* A place between two chroma samples along one axis. */
typedef struct {
    int nearest, other;
    float weight; /* of the other */
} Between;

DEVICE int clamped(int index, int size)
{
    return index < 0 ? 0 : index < size ? index : size - 1;
}

#if HAS_SOURCE_CHROMA
DEVICE Between between(int position, int size, int shift, const float *phases)
{
    float phase = phases[position & 1];
    int nearest = position >> shift, samples = (size + (1 << shift) - 1) >> shift;
    Between place = {nearest, clamped(nearest + (phase > 0.0f ? 1 : -1), samples), fabsf(phase)};
    return place;
}

DEVICE float mixed(float nearest, float other, float weight)
{
    return nearest + weight * (other - nearest);
}

DEVICE float chroma_at(const SOURCE_CODE *plane, int stride, Between x, Between y)
{
    const SOURCE_CODE *row = plane + (long long)y.nearest * stride;
    const SOURCE_CODE *other_row = plane + (long long)y.other * stride;
    float nearest = mixed(row[x.nearest], other_row[x.nearest], y.weight);
    float other = mixed(row[x.other], other_row[x.other], y.weight);
    return mixed(nearest, other, x.weight) - CHROMA_OFFSET;
}
#endif

DEVICE Sample sample_at(const Planes *planes, int x, int y)
{
    Sample sample = {planes->luma[(long long)y * planes->luma_stride + x] - LUMA_OFFSET, 0.0f, 0.0f};
#if HAS_SOURCE_CHROMA
    Between across = between(x, planes->width, X_SHIFT, X_PHASES);
    Between down = between(y, planes->height, Y_SHIFT, Y_PHASES);
    sample.cb = chroma_at(planes->cb, planes->chroma_stride, across, down);
    sample.cr = chroma_at(planes->cr, planes->chroma_stride, across, down);
#endif
    return sample;
}

/* A row of a matrix times a sample. */
DEVICE float product(const float *row, Sample sample)
{
    return row[0] * sample.luma + row[1] * sample.cb + row[2] * sample.cr;
}
