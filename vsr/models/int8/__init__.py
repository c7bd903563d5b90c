"""Plain networks in 8-bit integers, through operations that every x86 build of torch has.

``convolution`` owns those operations, ``pictures`` is the set that ranges are taken from,
``features`` turns a network's layers into whole numbers, and ``network`` puts float ends to them,
which round nothing where the picture is 8-bit codes.
"""
