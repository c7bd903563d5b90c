/* What the kernels need of CUDA itself: the first part of every text that NVRTC compiles.

   A kernel's own text is C, so that an ordinary compiler can run it too: tests put another first
   part here, whose grid is a loop. No header is included: NVRTC knows CUDA's built-in functions,
   and the two instructions below are those of cuda_fp16.h (PTX ISA, cvt). */

#define ENTRY extern "C" __global__
#define DEVICE __device__ __forceinline__
#define CONSTANT __constant__

DEVICE float float_of_half(unsigned short bits)
{
    float value;
    asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
    return value;
}

DEVICE unsigned short half_of_float(float value)
{
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value));
    return bits;
}
