"""How frames are encoded: codecs, pixel formats, options, HDR metadata."""
