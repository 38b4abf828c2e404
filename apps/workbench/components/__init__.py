"""Custom Streamlit components: without reflow, with arrow keys and synchronised pointers."""
