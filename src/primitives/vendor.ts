/** Under which name our own members stand in the customData of OCPP 2.x. */
export const VENDOR_ID = 'wattweave'
