"""The object and its versions, and S3's answers to conditional GETs and to other origins."""
