"""What drivers for servers that speak S3 have in common."""
