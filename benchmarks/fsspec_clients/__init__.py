"""File systems of fsspec over S3."""
