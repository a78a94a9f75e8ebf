"""What a user can do, one module per subject; pages and the command line call nothing else."""
