-- Records that an administrator accepts this database and its clock.
UPDATE registry_identity SET accepted = accepted + 1
