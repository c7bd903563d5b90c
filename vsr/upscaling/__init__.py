"""From a decoded frame to its larger self."""
