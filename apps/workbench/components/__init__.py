"""Components that Streamlit's own widgets cannot be: no reflow, arrow keys, pointers in sync."""
