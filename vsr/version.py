"""The version, in its only place: the package's metadata, which a checkout lacks, is made of it."""

__version__ = "0.1.0"
