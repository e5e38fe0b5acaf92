"""The version, in a module without imports so that ``setup.py`` can read it."""

__version__ = '0.3.0'
