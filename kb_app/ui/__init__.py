"""The Streamlit shell: navigation, session state, components. Draws and hands over; does no work itself."""
