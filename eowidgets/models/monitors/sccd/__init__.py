"""S-CCD: a state-space model of each pixel, carried forward by a Kalman filter (Ye, Rogan, Zhu and Eastman, 2021)."""
