"""Gets the files of Swagger UI that the documentation page is made of, from npm:

    python tools/swagger_ui.py          the version that is pinned in docs_page.py

To take another version, change it there, run this, and put the integrity that it prints into INTEGRITY.
"""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

REST = Path(__file__).parent.parent / "http/src/bucketry_http/rest"
TARGET = REST / "docs_files/swagger-ui"
INTEGRITY = "sha512-U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ=="
"""As npm has it: of the whole package."""


def main() -> int:
    """Replace the files; return 1 where the package is another one than expected."""
    version = re.search(r'SWAGGER_UI_VERSION: Final = "([\d.]+)"', (REST / "docs_page.py").read_text())
    assert version is not None
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", f"swagger-ui-dist@{version[1]}"]
        name = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()
        package = Path(folder, name)
        found = "sha512-" + base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode()
        if found != INTEGRITY:
            print(f"swagger-ui-dist {version[1]} is {found}, and not {INTEGRITY}")
            return 1
        with tarfile.open(package) as archive:
            for path in sorted(TARGET.iterdir()):
                member = archive.extractfile(f"package/{path.name}")
                assert member is not None, path.name
                path.write_bytes(member.read())
    return 0


if __name__ == "__main__":
    sys.exit(main())
