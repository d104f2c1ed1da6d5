#!/usr/bin/env node
// kubectl runs the program of this name on PATH for `kubectl cutover …`.
import './cutover.js';
