/** NVIDIA's devices: reports of GPUs and switches, and the manifests with the measurements that they should have. */
export * from './device.ts'
export * from './document.ts'
export * from './measurement.ts'
export * from './nvidia.ts'
export * from './report.ts'
