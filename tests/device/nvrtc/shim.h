/* What a kernel needs of CUDA, on a CPU: the grid is a loop of the caller. Valid C and C++. */
#include <math.h>
#include <string.h>

#ifdef __cplusplus
using std::isfinite;
#define ENTRY extern "C"
#else
#define ENTRY
#endif
#define DEVICE static inline
#define CONSTANT static

static struct { unsigned int x, y, z; } blockIdx, blockDim, threadIdx;

DEVICE unsigned int __float_as_uint(float value)
{
    unsigned int bits;
    memcpy(&bits, &value, 4);
    return bits;
}

DEVICE float __uint_as_float(unsigned int bits)
{
    float value;
    memcpy(&value, &bits, 4);
    return value;
}

/* IEEE 754 binary16 ↔ binary32, rounded to nearest even, by integers alone. */
DEVICE float float_of_half(unsigned short bits)
{
    int exponent = bits >> 10 & 31, mantissa = bits & 1023;
    float size = exponent == 0 ? ldexpf((float)mantissa, -24)
               : exponent < 31 ? ldexpf((float)(mantissa + 1024), exponent - 25)
               : mantissa ? NAN : INFINITY;
    return bits >> 15 ? -size : size;
}

DEVICE unsigned short half_of_float(float value)
{
    unsigned int sign = __float_as_uint(value) >> 16 & 0x8000u;
    float size = fabsf(value), step;
    int exponent;
    if (!(size < 65520.0f))
        return (unsigned short)(sign | (value != value ? 0x7e00u : 0x7c00u));
    if (size < ldexpf(1.0f, -14)) /* a subnormal number, or the first normal one */
        return (unsigned short)(sign | (unsigned int)nearbyintf(ldexpf(size, 24)));
    step = frexpf(size, &exponent); /* in [0.5, 1) */
    /* a mantissa that is rounded up to 2048 carries into the exponent */
    return (unsigned short)(sign | (((unsigned int)(exponent + 13) << 10)
                                    + (unsigned int)nearbyintf(ldexpf(step, 11))));
}
