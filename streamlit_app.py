"""The dashboard: `streamlit run streamlit_app.py`."""

from workbench.app.main import main

main()
