"""What ``bucketry serve`` does: one module for each of its decisions."""
