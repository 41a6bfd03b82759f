"""Tells hatchling that the wheel has a program for this machine, and no module for one version of Python."""

import sysconfig

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ProgramTag(BuildHookInterface):
    def initialize(self, version, build_data):
        platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["pure_python"] = False
        # auditwheel puts the name of the oldest C library in place of the platform.
        build_data["tag"] = f"py3-none-{platform}"
