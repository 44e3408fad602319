#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes DIR/vectors point at the published vectors of the source tree: link.py STAMP DIR VECTORS"""
import os
import sys

stamp, folder, vectors = sys.argv[1:]
os.makedirs(folder, exist_ok=True)
link = os.path.join(folder, "vectors")
if os.path.islink(link):
    os.unlink(link)
os.symlink(vectors, link)
with open(stamp, "w") as f:
    f.write("ok\n")
