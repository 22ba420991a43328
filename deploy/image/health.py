"""The image's health check: exits with 0 if the server answers on this container's own address.

It goes by the same variables as the server: BUCKETRY_MANAGEMENT_PORT if there is one, which has no TLS; else
BUCKETRY_PORT, and BUCKETRY_TLS_CERT if that port speaks TLS.
"""

import os
import ssl
import sys
import urllib.request

SECONDS = 4.0

management = os.environ.get("BUCKETRY_MANAGEMENT_PORT")
port = management or os.environ.get("BUCKETRY_PORT") or "8000"
scheme = "https" if os.environ.get("BUCKETRY_TLS_CERT") and not management else "http"
# The certificate is for the name that clients use, not for this address.
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
try:
    urllib.request.urlopen(f"{scheme}://127.0.0.1:{port}/health/live", timeout=SECONDS, context=context).close()
except OSError as error:
    print(error, file=sys.stderr)
    sys.exit(1)
