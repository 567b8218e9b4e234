"""What a fault costs a training: ranks that are killed, disks that are full."""
