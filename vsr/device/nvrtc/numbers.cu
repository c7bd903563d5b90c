/* The numbers of a network: fp32, fp16 or bf16, rounded to nearest even as torch rounds them.

   Defined before: FORMAT, one of FP32, FP16 and BF16. */

#define FP32 0
#define FP16 1
#define BF16 2

#if FORMAT == FP32
typedef float Number;
DEVICE float float_of(Number number) { return number; }
DEVICE Number number_of(float value) { return value; }
#elif FORMAT == FP16
typedef unsigned short Number;
DEVICE float float_of(Number number) { return float_of_half(number); }
DEVICE Number number_of(float value) { return half_of_float(value); }
#else
typedef unsigned short Number;
DEVICE float float_of(Number number) { return __uint_as_float((unsigned int)number << 16); }

/* bf16 is the upper half of fp32. What is rounded here is never NaN. */
DEVICE Number number_of(float value)
{
    unsigned int bits = __float_as_uint(value);
    return (Number)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}
#endif
