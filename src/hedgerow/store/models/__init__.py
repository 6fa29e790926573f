"""Every table, one subject a module. Importing this package makes `Base.metadata` whole, whoever wrote the modules."""

from __future__ import annotations

import importlib
import pkgutil

for _module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
    importlib.import_module(f"{__name__}.{_module}")
