"""The dashboard: Streamlit pages and the few widgets they share; it computes nothing itself."""
