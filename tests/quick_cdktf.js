// The CDKTF command line reads what converts HCL, TypeScript's compiler with it, at each start: that takes a second of a
// processor. Deploying never asks for it, so here it is read when it is asked for.
const Module = require("module");
const CONVERTER = "@cdktf/hcl2cdk";
const EXPORTED = [
  ...["CODE_MARKER", "getParsedHcl", "parseProviderRequirements", "convertToTypescript", "convert"],
  ...["getTerraformConfigFromDir", "convertProject", "isRegistryModule", "attributeNameToCdktfName"],
];
const load = Module._load;

Module._load = function (name, ...rest) {
  const loaded = () => load.call(this, name, ...rest);
  if (name !== CONVERTER) return loaded();
  const late = (key) => [key, { enumerable: true, get: () => loaded()[key] }];
  return Object.defineProperties({ __esModule: true }, Object.fromEntries(EXPORTED.map(late)));
};
