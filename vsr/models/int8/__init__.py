"""Plain networks in 8-bit integers, through operations that every x86 build of torch has.

``convolution`` owns those operations, ``pictures`` is the set that ranges are taken from,
``rounding`` turns weights into whole numbers, ``features`` does so for a network's layers and
``network`` puts float ends to them.
"""
