"""Settings of the docs site: ``make docs`` builds it without a network, and every warning is an error."""

from importlib.metadata import version as version_of

project = "rationale"
author = "The rationale maintainers"
version = release = version_of("rationale")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "results/*/**"]
html_theme = "furo"
html_title = f"rationale {release}"
html_copy_source = False

# Markdown: headings can be linked to, and nothing is fetched. Formulas are plain text: no script of another host.
myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence", "deflist"]
suppress_warnings = ["myst.header"]  # generated pages of results begin where their tables do
# The notebook is executed by the tests; the site shows what was saved.
nb_execution_mode = "off"

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
