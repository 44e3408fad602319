#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Undefined symbols of the examples that need no libc: freestanding.py NM ARCHIVE"""
import re
import subprocess
import sys

text = subprocess.run([*sys.argv[1:2], "-g", sys.argv[2]], stdout=subprocess.PIPE, check=True).stdout.decode()
needed = set(re.findall(r"^\s*U (\S+)$", text, re.M))
own = set(re.findall(r"^[0-9a-f]+ [A-TV-Z] (\S+)$", text, re.M))
foreign = {name for name in needed - own if not re.match("(wmbt_|board_|_GLOBAL_OFFSET_TABLE_$)", name)}
if foreign or not needed:
    sys.exit(f"needs {sorted(foreign)}")
