"""How long an upscale takes and how much disk, before it is waited for."""
