#!/usr/bin/env python3
"""Writes what is inside a wheel and a Debian package as an SPDX document.

    bill_of_materials.py WHEEL PACKAGE SWIFT-VERSION OUTPUT

The libraries and their versions are those that auditwheel has noted in the wheel. SOURCE_DATE_EPOCH is the date of the document,
REPOSITORY the address that its name begins with.
"""

import email
import hashlib
import json
import os
import sys
import zipfile
from datetime import datetime, timezone
from pathlib import Path

from spdx_tools.common.spdx_licensing import spdx_licensing
from spdx_tools.spdx.model import (
    Actor,
    ActorType,
    Checksum,
    ChecksumAlgorithm,
    CreationInfo,
    Document,
    ExternalPackageRef,
    ExternalPackageRefCategory,
    Package,
    Relationship,
    RelationshipType,
    SpdxNoAssertion,
)
from spdx_tools.spdx.writer.write_anything import write_file

DOCUMENT = "SPDXRef-DOCUMENT"
RUNTIME_LICENCE = "Apache-2.0 WITH Swift-exception"


def licence(wheel):
    """The licences of all that is in a wheel, as its metadata say."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.message_from_bytes(archive.read(name))["License-Expression"]


def artifact(path, version, expression):
    """One of the two packages, as a package of the document."""
    return Package(
        spdx_id="SPDXRef-" + ("wheel" if path.suffix == ".whl" else "deb"),
        name=path.name,
        version=version,
        file_name=path.name,
        download_location=SpdxNoAssertion(),
        files_analyzed=False,
        checksums=[Checksum(ChecksumAlgorithm.SHA256, hashlib.sha256(path.read_bytes()).hexdigest())],
        license_declared=spdx_licensing.parse(expression),
    )


def libraries(wheel):
    """The packages of the system whose libraries auditwheel has put into the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/sboms/auditwheel.cdx.json"))
        components = json.loads(archive.read(name))["components"]
    for component in sorted(components, key=lambda component: component["name"]):
        if not component.get("purl", "").startswith("pkg:deb/"):
            continue
        yield Package(
            spdx_id="SPDXRef-library-" + component["name"],
            name=component["name"],
            version=component["version"],
            download_location=SpdxNoAssertion(),
            files_analyzed=False,
            external_references=[
                ExternalPackageRef(ExternalPackageRefCategory.PACKAGE_MANAGER, "purl", component["purl"])
            ],
        )


def main(wheel, package, swift, output):
    wheel, package = Path(wheel), Path(package)
    version = wheel.name.split("-")[1]
    wheel_part = artifact(wheel, version, licence(wheel))
    deb_part = artifact(package, version, f"Apache-2.0 AND {RUNTIME_LICENCE}")
    runtime = Package(
        spdx_id="SPDXRef-swift-runtime",
        name="swift",
        version=swift,
        download_location="https://www.swift.org/download/",
        files_analyzed=False,
        license_declared=spdx_licensing.parse(RUNTIME_LICENCE),
    )
    inside = list(libraries(wheel))
    if not inside:
        sys.exit(f"{wheel} names no library that is inside")
    relationships = [
        Relationship(DOCUMENT, RelationshipType.DESCRIBES, part.spdx_id) for part in (wheel_part, deb_part)
    ]
    for part in (wheel_part, deb_part):
        relationships.append(Relationship(part.spdx_id, RelationshipType.STATIC_LINK, runtime.spdx_id))
    for library in inside:
        relationships.append(Relationship(wheel_part.spdx_id, RelationshipType.CONTAINS, library.spdx_id))
    created = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc).replace(tzinfo=None)
    document = Document(
        CreationInfo(
            spdx_version="SPDX-2.3",
            spdx_id=DOCUMENT,
            name=f"swift-rediscron-{version}",
            document_namespace=f"{os.environ['REPOSITORY']}/spdx/{version}/{wheel_part.checksums[0].value}",
            creators=[Actor(ActorType.TOOL, "swift-rediscron make release-artifacts")],
            created=created,
        ),
        packages=[wheel_part, deb_part, runtime, *inside],
        relationships=relationships,
    )
    # Raises what is wrong, if the document is no SPDX.
    write_file(document, output, validate=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
