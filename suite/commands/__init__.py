"""The verbs of the command line, one a file; a verb's docstring is its help.

What a verb needs to do its work it imports when it is called, so that help is quick and
bad input is refused before a framework is loaded.
"""
