"""The models a user can pick: their list, calls, costs, keys, downloads and tests."""
