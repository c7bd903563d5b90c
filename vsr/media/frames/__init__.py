"""What a decoded frame is made of: formats, planes, fields, tags, HDR."""
