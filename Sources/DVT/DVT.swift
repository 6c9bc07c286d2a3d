// The umbrella module: `import DVT` imports all libraries that run a cascade.

@_exported public import DVTCheckpoints
@_exported public import DVTCore
@_exported public import DVTModel
@_exported public import DVTOpenCL
@_exported public import DVTReference
@_exported public import DVTSupport
@_exported public import DVTVision
@_exported public import OpenCLRuntime
