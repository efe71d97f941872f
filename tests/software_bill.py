# SPDX-License-Identifier: EUPL-1.2
"""The software bill of materials: what we lock, as CycloneDX; ``make sbom`` runs it.

From the lock files alone, so that it is the same on every machine and names none. Python's packages
are those of every extra and of the checks; npm's those of the app and of the tests.
"""

import base64
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
NPM_LOCKS = (
    "cloud/web/package-lock.json",
    "tests/timescaledb/package-lock.json",
    "tests/app_tools/package-lock.json",
)
FOLDER = "node_modules/"


def bill() -> dict[str, Any]:
    """Return the bill: components in order of their names, without times or serial numbers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    components = of_python((ROOT / "requirements.lock").read_text())
    for lock in NPM_LOCKS:
        components += of_npm(json.loads((ROOT / lock).read_text()), lock)
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "root",
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": sorted(components, key=lambda one: (one["purl"], one["bom-ref"])),
    }


def of_python(lock: str) -> list[dict[str, Any]]:
    """Return the components that pip may install by ``lock``, each as one of its files."""
    found = []
    for block in re.split(r"\n(?=\S)", lock):
        named = re.match(r"([A-Za-z0-9._-]+)==([^ ;\\]+)", block)
        if named is None:
            continue
        name, version = named.groups()
        purl = f"pkg:pypi/{name}@{version}"
        files = [
            {
                "type": "distribution",
                "url": purl,
                "hashes": [{"alg": "SHA-256", "content": digest}],
            }
            for digest in sorted(set(re.findall(r"--hash=sha256:([0-9a-f]{64})", block)))
        ]
        found.append(
            {
                "type": "library",
                "bom-ref": f"requirements.lock#{name}",
                "name": name,
                "version": version,
                "purl": purl,
                "externalReferences": files,
            }
        )
    return found


def of_npm(lock: dict[str, Any], source: str) -> list[dict[str, Any]]:
    """Return the components that npm would install by ``lock``."""
    found = []
    for path, package in lock["packages"].items():
        if FOLDER not in path:
            continue  # the app itself
        name = path.rsplit(FOLDER, 1)[1]
        purl = f"pkg:npm/{name.replace('@', '%40')}@{package['version']}"
        algorithm, _, digest = package["integrity"].partition("-")
        found.append(
            {
                "type": "library",
                "bom-ref": f"{source}#{path}",
                "name": name,
                "version": package["version"],
                "purl": purl,
                "hashes": [
                    {
                        "alg": algorithm.upper().replace("SHA", "SHA-"),
                        "content": base64.b64decode(digest).hex(),
                    }
                ],
            }
        )
    return found


def main() -> None:
    """Write the bill to the file named, or to stdout."""
    text = json.dumps(bill(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    if sys.argv[1:]:
        Path(sys.argv[1]).write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
