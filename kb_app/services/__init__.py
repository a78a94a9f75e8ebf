"""What a user can do, a folder per subject; pages and the command line call nothing else."""
