"""What somebody who is on call needs: access log, audit, metrics, traces, and health.

Each is a sink of the records of requests (`bucketry_http.shared.record`). Nothing is imported that is not asked for.
"""
