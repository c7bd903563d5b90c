/* The tail of a network that makes RGB, before its pixel shuffle, and its base → output planes: one
   thread for each chroma sample and the luma samples of its block.

   Chroma is averaged as downsample_chroma of vsr/device/yuv.py does: a sample on a luma sample takes
   [1 2 1]/4 around it, one between two takes their mean, edges held.

   Defined before: SHUFFLE (the ratio of the pixel shuffle; 1 where it is done), HAS_BASE (the nearest
   pixel of the source, by TO_INPUT), TO_CODES (3 rows of 3: from RGB to Y, Cb and Cr in codes) and
   CODE_OFFSETS (one half included), TARGET_X_SHIFT, TARGET_Y_SHIFT, HAS_CHROMA, and with it
   TARGET_X_TAPS and TARGET_Y_TAPS (weights of the 4 luma samples from one before the block on);
   IS_NEUTRAL and NEUTRAL: chroma is that code, whatever the network says. */

#define TAPS 4

typedef struct {
    const Number *numbers;
    int row_step, column_step, channel_step;
    const Planes *planes;
    int width, height; /* of the output */
} Tail;

typedef struct {
    float red, green, blue;
} Rgb;

DEVICE Rgb rgb_at(const Tail *tail, int x, int y)
{
    int left = x / SHUFFLE, top = y / SHUFFLE;
    int within = (y % SHUFFLE) * SHUFFLE + x % SHUFFLE;
    const Number *cell =
        tail->numbers + (long long)top * tail->row_step + (long long)left * tail->column_step;
    long long step = tail->channel_step;
    Rgb rgb = {
        float_of(cell[within * step]),
        float_of(cell[(within + SHUFFLE * SHUFFLE) * step]),
        float_of(cell[(within + 2 * SHUFFLE * SHUFFLE) * step]),
    };
#if HAS_BASE
    Sample sample = sample_at(tail->planes, left, top);
    rgb.red += product(TO_INPUT[0], sample);
    rgb.green += product(TO_INPUT[1], sample);
    rgb.blue += product(TO_INPUT[2], sample);
#endif
    return rgb;
}

DEVICE float code_plus_half(int component, Rgb rgb)
{
    const float *row = TO_CODES[component];
    return row[0] * rgb.red + row[1] * rgb.green + row[2] * rgb.blue + CODE_OFFSETS[component];
}

#if HAS_CHROMA
/* The mean of RGB that a chroma sample is made of: averaging and the matrix are both linear. */
DEVICE Rgb around(const Tail *tail, int left, int top)
{
    Rgb mean = {0.0f, 0.0f, 0.0f};
    for (int row = 0; row < TAPS; row++)
        for (int column = 0; column < TAPS; column++) {
            float weight = TARGET_Y_TAPS[row] * TARGET_X_TAPS[column];
            if (weight == 0.0f)
                continue;
            Rgb rgb = rgb_at(
                tail, clamped(left + column - 1, tail->width), clamped(top + row - 1, tail->height));
            mean.red += weight * rgb.red;
            mean.green += weight * rgb.green;
            mean.blue += weight * rgb.blue;
        }
    return mean;
}
#endif

ENTRY void rgb_output(
    const Number *numbers, int row_step, int column_step, int channel_step, const SOURCE_CODE *luma,
    const SOURCE_CODE *cb, const SOURCE_CODE *cr, int luma_stride, int chroma_stride, int width,
    int height, TARGET_CODE *out_luma, TARGET_CODE *out_cb, TARGET_CODE *out_cr,
    int out_luma_stride, int out_chroma_stride, int out_width, int out_height,
    unsigned char *is_finite)
{
    Planes planes = {luma, cb, cr, luma_stride, chroma_stride, width, height};
    Tail tail = {numbers, row_step, column_step, channel_step, &planes, out_width, out_height};
    int column = blockIdx.x * blockDim.x + threadIdx.x, row = blockIdx.y * blockDim.y + threadIdx.y;
    int left = column << TARGET_X_SHIFT, top = row << TARGET_Y_SHIFT;
    if (left >= out_width || top >= out_height)
        return;
    for (int y = top; y < top + (1 << TARGET_Y_SHIFT) && y < out_height; y++)
        for (int x = left; x < left + (1 << TARGET_X_SHIFT) && x < out_width; x++) {
            Rgb rgb = rgb_at(&tail, x, y);
            check(rgb.red, is_finite);
            check(rgb.green, is_finite);
            check(rgb.blue, is_finite);
            out_luma[(long long)y * out_luma_stride + x] = code_of(code_plus_half(0, rgb));
        }
#if HAS_CHROMA || IS_NEUTRAL
    long long place = (long long)row * out_chroma_stride + column;
#if IS_NEUTRAL
    out_cb[place] = out_cr[place] = NEUTRAL;
#else
    Rgb mean = around(&tail, left, top);
    out_cb[place] = code_of(code_plus_half(1, mean));
    out_cr[place] = code_of(code_plus_half(2, mean));
#endif
#endif
}
