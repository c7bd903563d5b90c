/* Decoded planes → the network's input, channels last: one thread for each pixel.

   Defined before: CHANNELS, TO_INPUT (CHANNELS rows of 3): from code differences to what the
   network takes, which is RGB, luma, or the differences themselves where colour is folded in. */

ENTRY void network_input(
    const SOURCE_CODE *luma, const SOURCE_CODE *cb, const SOURCE_CODE *cr, int luma_stride,
    int chroma_stride, int width, int height, Number *picture)
{
    Planes planes = {luma, cb, cr, luma_stride, chroma_stride, width, height};
    int x = blockIdx.x * blockDim.x + threadIdx.x, y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x >= width || y >= height)
        return;
    Sample sample = sample_at(&planes, x, y);
    Number *pixel = picture + ((long long)y * width + x) * CHANNELS;
    for (int channel = 0; channel < CHANNELS; channel++)
        pixel[channel] = number_of(product(TO_INPUT[channel], sample));
}
