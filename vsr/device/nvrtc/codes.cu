/* Numbers → codes of the output planes, and the flag that says whether all were finite.

   Defined before: TARGET_CODE (an unsigned type), PEAK, IS_CUT; where that is 0 numbers are written
   as they are, and TARGET_CODE is float. */

/* The fraction is cut off: one half was added before, so that codes are rounded half up. */
DEVICE TARGET_CODE code_of(float value)
{
#if IS_CUT
    return (TARGET_CODE)(int)fminf(fmaxf(value, 0.0f), (float)PEAK);
#else
    return value;
#endif
}

/* Who launches a kernel sets the flag to 1; every thread may clear it, in any order. */
DEVICE void check(float value, unsigned char *is_finite)
{
    if (!isfinite(value))
        *is_finite = 0;
}
