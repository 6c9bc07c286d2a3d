// undefined.cl: calls a function that no library defines.
float nowhere(float x);

kernel void undefined(global float *y) { *y = nowhere(*y); }
