"""Who somebody is, and what they may do.

In come passwords, codes, cookies, tokens and identity providers' answers; out goes an `Actor` with permissions, or
nobody. It never tells whether a name exists, never keeps a secret in the clear, and never shuts anybody out for ever.
"""
