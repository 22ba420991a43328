// Prints the types of an OpenAPI document, with its binary strings as Blob: `node openapi_typescript.mjs DOCUMENT`.
// The transformation is the one of openapi-typescript's own documentation.

import { pathToFileURL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const BLOB = ts.factory.createTypeReferenceNode(ts.factory.createIdentifier("Blob"));
const types = await openapiTS(pathToFileURL(process.argv[2]), {
  transform: (schema) => (schema.format === "binary" ? BLOB : undefined),
});
process.stdout.write(astToString(types));
