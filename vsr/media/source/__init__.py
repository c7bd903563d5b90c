"""A file as it is found: opened, demuxed, decoded, described."""
