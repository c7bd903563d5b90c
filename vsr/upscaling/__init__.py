"""From a decoded frame to an enlarged one."""
