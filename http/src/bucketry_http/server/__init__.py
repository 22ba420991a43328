"""The HTTP server: sockets, connections, and their limits. It knows neither REST nor S3."""
