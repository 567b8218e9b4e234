"""Reading room: the Streamlit page and the server around it.

No rule of medicine and no file format of results: those live in `medical`.
"""
