"""Who may do what, and who asks: access, logins, keys, signed addresses, the guard.

No page and no panel lives here.
"""
