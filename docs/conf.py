"""How `make docs` builds these pages: Sphinx with MyST, warnings are errors, every internal link is checked."""

project = "Hedgerow"
author = "the Hedgerow authors"
project_copyright = "the Hedgerow authors, Apache-2.0"
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
nitpicky = True
myst_heading_anchors = 3
html_theme = "alabaster"
html_title = "Hedgerow"
html_show_sourcelink = False
html_theme_options = {"description": "Counts whom each visitor is shown", "fixed_sidebar": True, "page_width": "70rem"}
# No font, script or picture from elsewhere: reading about privacy should not cost any.
html_css_files: list[str] = []
suppress_warnings: list[str] = []
