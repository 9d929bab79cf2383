"""The commands of ``workbench``, a file for each kind; whatever is heavy is imported by the command that needs it."""
